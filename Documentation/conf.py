# SPDX-License-Identifier: GPL-2.0-only
# Sphinx configuration, for scripts/doc (make doc). The kernel's Sphinx extension in KSRC takes the
# descriptions of the API from the sources in srctree. Ours makes the index of calls.
import os
import pathlib
import re
import sys

KSRC = os.environ.get('KSRC', '')
EXTENSION = os.path.join(KSRC, 'Documentation', 'sphinx')
if not KSRC or not os.path.isdir(EXTENSION):
    sys.exit('conf.py: KSRC names no kernel source; run "make doc"')
sys.path.insert(0, EXTENSION)
sys.path.insert(0, os.path.abspath('sphinx'))
# Write nothing into the kernel source.
sys.dont_write_bytecode = True

project = 'wdmdma'
author = 'The wdmdma authors'
copyright = 'The wdmdma authors, GPL-2.0-only'
language = 'en'
extensions = ['kerneldoc', 'sphinx.ext.graphviz', 'windowscalls']
primary_domain = 'c'
highlight_language = 'none'

kerneldoc_bin = os.path.join(KSRC, 'scripts', 'kernel-doc')
kerneldoc_srctree = os.environ.get('srctree', os.path.abspath('..'))
kerneldoc_verbosity = 1

graphviz_output_format = 'svg'

html_theme = 'alabaster'
html_theme_options = {'page_width': '1100px', 'fixed_sidebar': True}
html_sidebars = {'**': ['about.html', 'searchbox.html', 'navigation.html']}
html_static_path = ['static']
html_css_files = ['wdmdma.css']
html_js_files = ['dmesg.js']
html_show_sourcelink = False
html_copy_source = False


def let_pictures_shrink(app, error):
    """Remove the size from the root of each picture, so that it has the size of its place."""
    if error or app.builder.format != 'html':
        return
    for path in pathlib.Path(app.outdir, '_images').glob('graphviz-*.svg'):
        text = path.read_text()
        path.write_text(re.sub(r'<svg width="\w+" height="\w+"', '<svg', text, count=1))


def setup(app):
    app.connect('build-finished', let_pictures_shrink)
