"""Paths, by what they are about; each file makes one router from the service."""
