# SPDX-License-Identifier: GPL-2.0-only
"""The index of Windows' calls, and labels for the cells of tables.

The directive "windows-calls" makes one row for each slot of DMA_OPERATIONS, each export, and each
macro or function of the headers that has the name of a call. A row links the rules of the call
and its description. On all other pages the name of a call in double backquotes links its row.
"""

import collections
import pathlib
import re

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.util.nodes import make_refnode

PAGE = 'calls'
# Pages without a rule for each call, for calls of which no page of rules speaks.
OTHERS = ['domains', 'porting']
COMMENT = re.compile(r'/\*.*?\*/', re.S)
PREFIXES = r'(?:Mm|Io|Ke|Kf|Kd|Ex|StorPort|Wdf|READ_|WRITE_|Hal|Ob|Ps|Zw|Rtl|Dbg|vDbg)'
EXPORT = re.compile(r'^EXPORT_SYMBOL_GPL\((\w+)\);', re.M)
MACRO = re.compile(rf'^#define ({PREFIXES}\w+)(?:\(|\s+{PREFIXES}\w+$)', re.M)
INLINE = re.compile(rf'^(?:static inline|FORCEINLINE|static FORCEINLINE)\b[^\n;]*?\b({PREFIXES}\w+)\(',
                    re.M)
PROTOTYPE = re.compile(rf'^(?!#|typedef)[A-Za-z][\w \t*]*[ \t*]({PREFIXES}\w+)\([^;{{}}]*\);', re.M)
MODULES = {'ntos': 'wdmdma_ntos.ko', 'wdf': 'wdmdma_wdf.ko'}


class windows_calls(nodes.General, nodes.Element):
    """The place of the index, until all pages are read."""


class WindowsCalls(Directive):
    def run(self):
        return [windows_calls()]


def find_calls(root):
    """Return {name: where it is}, from the sources."""
    calls = {}
    for path in sorted((root / 'include').rglob('*.h')):
        text = COMMENT.sub('', path.read_text())
        for name in MACRO.findall(text) + INLINE.findall(text) + PROTOTYPE.findall(text):
            calls[name] = f'<{path.relative_to(root / "include").as_posix().removeprefix("ddk/")}>'
    for path in sorted((root / 'wdmdma').rglob('*.c')):
        module = MODULES.get(path.relative_to(root / 'wdmdma').parts[0], 'wdmdma.ko')
        calls.update((name, module) for name in EXPORT.findall(path.read_text()))
    text = COMMENT.sub('', (root / 'include/wdmdma/dma.h').read_text())
    table = re.search(r'struct\s+_DMA_OPERATIONS\s*\{(.*?)\}', text, re.S).group(1)
    slots = [name for name in re.findall(r'\b(\w+)\s*;', table) if name != 'Size']
    calls.update((name, f'slot {number}') for number, name in enumerate(slots, 1))
    return calls


def find_rules(app, calls):
    """Return {name: (page, anchor, title)}: the section that is about the call, or names it most."""
    titled, named = {}, {}
    pages = [page for page in sorted(app.env.found_docs) if page.startswith('api')]
    for rank, page in enumerate(pages + OTHERS):
        for section in app.env.get_doctree(page).findall(nodes.section):
            title = section.next_node(nodes.title).astext()
            where = (page, section['ids'][0], title)
            if title in ('Slots', 'API') or is_description(section):
                continue
            for name in re.findall(r'\w+', title):
                titled.setdefault(name, where)
            text = ' '.join(part.astext() for part in section.children
                            if not isinstance(part, nodes.section))
            for name, times in collections.Counter(re.findall(r'\w+', text)).items():
                # A page of rules is better than another one.
                score = (page not in OTHERS, times, -rank)
                named[name] = max(named.get(name, (score, where)), (score, where), key=lambda n: n[0])
    return {name: titled.get(name) or named.get(name, (None, None))[1] for name in calls}


def is_description(section):
    """Return true for sections that come from kernel-doc, which have no rules."""
    while isinstance(section, nodes.section):
        if section.next_node(nodes.title).astext().startswith('Descriptions'):
            return True
        section = section.parent
    return False


def find_descriptions(app, calls):
    """Return {name: (page, anchor)}: the description that comes from the sources."""
    described = {name: (page, anchor) for name, _, _, page, anchor, _
                 in app.env.get_domain('c').get_objects()}
    return {name: described.get(name) or described.get(f'Wdm{name}') for name in calls}


def link(app, page, anchor, text):
    return make_refnode(app.builder, PAGE, page, anchor, nodes.Text(text))


def cell(*children):
    return nodes.entry('', nodes.paragraph('', '', *children))


def make_index(app, calls):
    rules, described = find_rules(app, calls), find_descriptions(app, calls)
    group = nodes.tgroup('', *[nodes.colspec(colwidth=width) for width in (36, 18, 28, 18)], cols=4)
    head = nodes.row('', *[cell(nodes.Text(text))
                           for text in ('Call', 'Where', 'Rules and tests', 'Description')])
    group += nodes.thead('', head)
    body = nodes.tbody()
    for name in sorted(calls, key=str.lower):
        row = nodes.row('', cell(nodes.literal('', name)), cell(nodes.Text(calls[name])),
                        cell(link(app, *rules[name])) if rules[name] else cell(),
                        cell(link(app, *described[name], 'description')) if described[name] else cell())
        row[0]['ids'] = [f'call-{name}']
        body += row
    group += body
    return nodes.table('', group, classes=['colwidths-given'])


def label_cells(doctree):
    """Begin each cell with the name of its column, which only narrow pages show (wdmdma.css)."""
    for table in doctree.findall(nodes.table):
        heads = [entry.astext() for head in table.findall(nodes.thead) for entry in
                 head.findall(nodes.entry)]
        if not 1 < len(heads) < 5:
            table['classes'].append('wide')
            continue
        for row in (row for body in table.findall(nodes.tbody) for row in body.children):
            for text, entry in zip(heads[1:], row.children[1:]):
                if entry.astext().strip():
                    entry.insert(0, nodes.paragraph('', text, classes=['label']))


def link_names(app, page, doctree, calls):
    for literal in list(doctree.findall(nodes.literal)):
        name = re.sub(r'\(\)$', '', literal.astext())
        parent = literal.parent
        if name not in calls or isinstance(parent, (nodes.reference, nodes.title)):
            continue
        reference = make_refnode(app.builder, page, PAGE, f'call-{name}', literal.deepcopy())
        reference['classes'].append('call')
        parent.replace(literal, reference)


def resolve(app, doctree, page):
    if app.builder.format != 'html':
        return
    calls = find_calls(pathlib.Path(app.srcdir).parent)
    for place in list(doctree.findall(windows_calls)):
        place.replace_self(make_index(app, calls))
    if page != PAGE:
        link_names(app, page, doctree, calls)
    label_cells(doctree)


def rewrite_index(app, env):
    """The index depends on all pages, so it is written again with each of them."""
    return [PAGE]


def setup(app):
    app.add_node(windows_calls)
    app.add_directive('windows-calls', WindowsCalls)
    app.connect('env-updated', rewrite_index)
    app.connect('doctree-resolved', resolve)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
