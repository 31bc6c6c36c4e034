"""Every codec, both directions, one thread: ours and FreeRDP's on the same frames in one run, by turns.

libfreerdp 2 is called through ctypes where it is installed (Debian's libfreerdp2-2 and libwinpr2-2).  Where another
peer is known to be faster, the bar is libfreerdp's figure of this run times what was recorded once (`_bars.py`).

    python benchmarks/codecs.py --codec remotefx        one codec
    TRIO_RDP_AVX2=0 python benchmarks/codecs.py         the kernels that run on any processor
"""

from _codec_report import main

if __name__ == "__main__":
    main()
