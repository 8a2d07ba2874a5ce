# SPDX-License-Identifier: GPL-2.0-only
# Sphinx configuration, for scripts/doc (make doc). The kernel's Sphinx extension in KSRC takes the
# descriptions of the API from the sources in srctree.
import os
import sys

KSRC = os.environ.get('KSRC', '')
EXTENSION = os.path.join(KSRC, 'Documentation', 'sphinx')
if not KSRC or not os.path.isdir(EXTENSION):
    sys.exit('conf.py: KSRC names no kernel source; run "make doc"')
sys.path.insert(0, EXTENSION)
# Write nothing into the kernel source.
sys.dont_write_bytecode = True

project = 'wdmdma'
author = 'The wdmdma authors'
copyright = 'The wdmdma authors, GPL-2.0-only'
language = 'en'
extensions = ['kerneldoc']
primary_domain = 'c'
highlight_language = 'none'

kerneldoc_bin = os.path.join(KSRC, 'scripts', 'kernel-doc')
kerneldoc_srctree = os.environ.get('srctree', os.path.abspath('..'))
kerneldoc_verbosity = 1

html_theme = 'alabaster'
html_theme_options = {'page_width': '1100px', 'fixed_sidebar': True}
html_show_sourcelink = False
html_copy_source = False
