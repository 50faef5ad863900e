"""The Python interface: the functions of `import disentangle_eval as de`, a file per subject.

Nothing here needs torch until a function that computes is called.
"""
