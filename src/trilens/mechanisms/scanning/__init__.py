"""Looking for many fixed forms in one text: rule sets, the forms of secrets, and the undoing of codings. Linear in the text."""
