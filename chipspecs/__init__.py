"""The shipped chipspecs. This file is what lets importlib.resources find the folder in an editable install."""
