"""Image codecs and bulk compressors: functions and contexts over buffers, with compiled twins."""
