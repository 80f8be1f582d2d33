"""The recipe of the starter model: from sounds to a folder that AudioLDMPipeline loads."""
