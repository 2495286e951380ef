"""Accelerators. This package says what the system has, how it is attached, and what is known of it.

Nothing here imports torch, pyopencl or numba.cuda, and nothing starts a device: ``found`` looks at
device nodes and the PCI bus, ``pci`` at the links, ``numa`` at the near CPUs, ``known`` at the data
file.
"""
