"""Audit a sealed catalog from what it holds alone: is it balanced, and can that be proven?"""
