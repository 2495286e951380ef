"""Tests of devices and of the protocol that they keep."""
