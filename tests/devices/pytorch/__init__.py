"""Tests of the devices by torch."""
