"""Files, resampling, mel front end, loudness, loops, spectrogram, player."""
