"""Tests of the devices by numba.cuda."""
