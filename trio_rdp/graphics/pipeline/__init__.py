"""The graphics pipeline, [MS-RDPEGFX]: surfaces, what is done with them, and what a server chooses to do."""
