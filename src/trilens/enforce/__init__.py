"""Judge, record, release: the path of one event.

gateways/<protocol>/inbound      wire to turns and principal
enforce/drive.py                 one snapshot, one clock reading
enforce/pipeline.py              1 admit  2 label  3 judge  4 combine  5 plan       pure
enforce/drive.py                 6 commit, or again on a fresh snapshot, or deny
gateways/<protocol>/outbound     7 release
enforce/drive.py                 8 observe, on the exchange that shows the outcome
"""
