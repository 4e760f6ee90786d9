"""What a release is made with: distributions, their file list, the bill of materials, the audit and the evidence.

    distributions   wheel and sdist, built twice and compared      make dist
    contents        which files may be in them                     make files
    bom             CycloneDX bill of materials                    make sbom
    audit           known vulnerabilities of what is locked        make audit
    evidence        the last test run, as a signed record          make attest

Nothing here is shipped. It may import `trilens`, and nothing imports it but its tests.
"""
