"""Tests of the transfer domain."""
