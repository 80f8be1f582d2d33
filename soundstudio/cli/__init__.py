"""The command line: argument parsing only, one file a command."""
