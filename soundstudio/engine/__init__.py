"""Devices, model folders, AudioLDM's parts, samplers, CLAP."""
