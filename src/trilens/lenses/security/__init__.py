"""Security: somebody manipulates, exploits or subverts the system on purpose."""
