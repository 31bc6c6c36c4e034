"""Compile the kernels in `trio_rdp/codecs/compiled`; everything else about the build stands in `pyproject.toml`.

The extensions are optional: without a working C compiler the install succeeds and the plain Python twins run instead.

The hot ones are compiled twice, for any processor and for those with AVX2; `trio_rdp.codecs.kernels` chooses.

    TRIO_RDP_PURE=1           build none
    TRIO_RDP_CHECKED=1        build them with their guards switched on, bounds checks, and undefined behaviour trapped
    TRIO_RDP_CHECKED=address  the same under AddressSanitizer, which Python must be started with: LD_PRELOAD is what
                              `cc -print-file-name=libasan.so` says, ASAN_OPTIONS detect_leaks=0, PYTHONMALLOC malloc
"""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNELS = Path("trio_rdp/codecs/compiled")
CHECKED = os.environ.get("TRIO_RDP_CHECKED", "0")
AVX2 = ".avx2."
HOT = (
    "clearcodec",
    "clearcodec_encoder",
    "color",
    "compare",
    "interleaved_rle",
    "motion",
    "mppc",
    "ncrush",
    "nscodec",
    "pixels",
    "planar",
    "progressive",
    "progressive_encode",
    "qoi",
    "rfx",
    "xcrush",
)


class build_kernels(build_ext):  # noqa: N801
    """Give each kind of compiler its own flags."""

    def finalize_options(self) -> None:
        super().finalize_options()
        # What was built with other flags looks up to date by its time stamp.
        self.force = True
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self) -> None:
        for extension in self.extensions:
            if self.compiler.compiler_type == "msvc":
                extension.extra_compile_args = ["/O2"]
            elif CHECKED == "0":
                extension.extra_compile_args = ["-O3", "-fno-semantic-interposition"]
            else:
                extension.extra_compile_args = ["-O1", "-g", "-UNDEBUG", "-fno-omit-frame-pointer"]
                extension.extra_compile_args += ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
                if CHECKED == "address":
                    extension.extra_compile_args += ["-fsanitize=address"]
                    extension.extra_link_args = ["-fsanitize=address"]
            if AVX2 in extension.name:
                extension.extra_compile_args += ["-mavx2", "-mbmi", "-mbmi2"]
        super().build_extensions()


def kernels() -> list[Extension]:
    """List the extensions to build, or none."""
    if os.environ.get("TRIO_RDP_PURE", "0") not in ("", "0"):
        return []
    from Cython.Build import cythonize  # at hand only when there is something to build

    extensions = [
        Extension(
            ".".join(source.with_suffix("").parts),
            [str(source)],
            define_macros=[("TRIO_RDP_CHECKED", "1")] if CHECKED != "0" else [],
        )
        for source in sorted(KERNELS.glob("*.pyx"))
    ]
    directives = {
        "language_level": "3",
        "boundscheck": CHECKED != "0",
        "wraparound": False,
        "cdivision": True,
        "initializedcheck": False,
        "annotation_typing": False,
    }
    built: list[Extension] = cythonize(
        extensions,
        build_dir="build/cython-checked" if CHECKED != "0" else "build/cython",
        compiler_directives=directives,
    )
    for extension in built:
        extension.optional = True  # cythonize makes new extensions and forgets this one attribute
    return built + [for_avx2(extension) for extension in built if is_hot(extension)]


def is_hot(extension: Extension) -> bool:
    """Whether a kernel is built for AVX2 too: where that can be chosen at run time, and not with bounds checks alone.

    So the fuzzers run over both: that for any processor with bounds checks, that for AVX2 under AddressSanitizer.
    """
    can_choose = platform.machine() in ("x86_64", "AMD64") and os.name == "posix" and CHECKED != "1"
    return can_choose and extension.name.rpartition(".")[2] in HOT


def for_avx2(extension: Extension) -> Extension:
    """Give the same source once more, under another name."""
    place, _, name = extension.name.rpartition(".")
    source = Path(extension.sources[0])
    copy = source.parent / "avx2" / source.name  # its object file must not be the other's
    copy.parent.mkdir(exist_ok=True)
    shutil.copyfile(source, copy)
    twin = Extension(f"{place}{AVX2}{name}", [str(copy)], define_macros=extension.define_macros)
    twin.optional = True
    return twin


setup(ext_modules=kernels(), cmdclass={"build_ext": build_kernels})
