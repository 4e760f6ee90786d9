"""One process, its disk, its clock, its models and the people around it, run by a seed: every schedule can be played again.

What runs is the real thing: the driver's procedures, the guards of limits and approvals, the journal's SQL. What is played is when each part
goes on, and what breaks: `store.py` the disk, `world.py` the scheduler and its faults, `actors.py` the clients and the approver,
`invariants.py` what must hold after every step.

    python -m trilens.testing.simulator 4711          plays one seed and prints its steps
"""
