"""Makes files of a new binding from those in scripts/template/files, which are read as they stand there.

@word@ becomes the word's value, in names of files too. Lines of their own: @if word@ ... @else@ ... @end@ stays where the value is
true, @each words@ ... @end@ comes once for each of a list, whose items have words of their own. A file that begins with
@only if word@ is made only then.
"""

import re

_WORD = re.compile(r"@(\w+)@")
_BLOCK = re.compile(r"@(if|each) (\w+)@$")
_ONLY = re.compile(r"@only if (\w+)@\n")


def cast(folder, words):
    """{name relative to the checkout: text} of all files of the template."""
    made = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        only = _ONLY.match(text)
        if only and not words[only[1]]:
            continue
        made[_filled(str(path.relative_to(folder)), words)] = fill(text[only.end():] if only else text, words)
    return made


def fill(text, words):
    return "".join(_blocks(iter(text.splitlines(keepends=True)), words, True)[0])


def _blocks(lines, words, wanted):
    """The lines up to the block's end, filled if they are wanted, and the line that ended them."""
    made = []
    for line in lines:
        mark = line.strip()
        if mark in ("@end@", "@else@"):
            return made, mark
        block = _BLOCK.match(mark)
        if not block:
            made += [_filled(line, words)] if wanted else []
        elif block[1] == "if":
            made += _if(lines, words, wanted, wanted and bool(words[block[2]]))
        else:
            made += _each(lines, words, words[block[2]] if wanted else ())
    return made, None


def _if(lines, words, wanted, holds):
    made, end = _blocks(lines, words, holds)
    if end == "@else@":
        made += _blocks(lines, words, wanted and not holds)[0]
    return made


def _each(lines, words, items):
    inside, depth = [], 1
    for line in lines:
        depth += bool(_BLOCK.match(line.strip())) - (line.strip() == "@end@")
        if depth == 0:
            break
        inside.append(line)
    return [made for item in items for made in _blocks(iter(inside), {**words, **item}, True)[0]]


def _filled(text, words):
    return _WORD.sub(lambda word: str(words[word[1]]), text)
