# SPDX-License-Identifier: Apache-2.0
"""SVG pictures of results, written by hand: the standard library has no plots."""
import math
import re
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 50, 50
INK, GRID, PAPER = "#24292f", "#d8dee4", "#ffffff"
COLOURS = ("#8c959f", "#0969da", "#bf3989", "#1a7f37")


class Svg:
    def __init__(self, title, width=WIDTH, height=HEIGHT):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                      f'font-family="sans-serif" font-size="12" fill="{INK}">',
                      f'<rect width="{width}" height="{height}" fill="{PAPER}"/>']
        self.text(LEFT, 24, title, size=15, weight="bold")

    def text(self, x, y, text, anchor="start", size=12, weight="normal", fill=INK):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
                          f'font-weight="{weight}" fill="{fill}">{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, stroke=GRID, width=1):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{stroke}" stroke-width="{width}"/>')

    def path(self, points, stroke):
        d = " ".join(f"{'L' if i else 'M'}{x:.1f},{y:.1f}" for i, (x, y) in enumerate(points))
        self.parts.append(f'<path d="{d}" fill="none" stroke="{stroke}" stroke-width="2"/>')

    def dot(self, x, y, fill):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" fill-opacity="0.7"/>')

    def write(self, path):
        path.write_text("\n".join(self.parts + ["</svg>", ""]), encoding="utf-8")


def decades(low, high):
    return [10.0 ** e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def distribution(path, plot):
    """Latency over the share of deliveries, both axes logarithmic: the tail is what matters."""
    svg = Svg(plot["title"])
    values = [max(ms, 0.001) for points in plot["series"].values() for _, ms in points]
    ticks = decades(min(values), max(values))
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])
    shares = (0.5, 0.9, 0.99, 0.999, 0.9999)

    def x_of(share):
        return LEFT + (WIDTH - LEFT - RIGHT) * min(-math.log10(max(1 - share, 1e-4)), 4) / 4

    def y_of(ms):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(max(ms, 0.001)) - low) / (high - low)

    for tick in ticks:
        svg.line(LEFT, y_of(tick), WIDTH - RIGHT, y_of(tick))
        svg.text(LEFT - 8, y_of(tick) + 4, f"{tick:g} ms", "end")
    for share in shares:
        svg.line(x_of(share), TOP, x_of(share), HEIGHT - BOTTOM)
        svg.text(x_of(share), HEIGHT - BOTTOM + 18, f"{share * 100:g} %", "middle")
    svg.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "share of deliveries that are at least this fast", "middle")
    for i, (name, points) in enumerate(plot["series"].items()):
        svg.path([(x_of(share), y_of(ms)) for share, ms in points], COLOURS[i])
        svg.text(LEFT + 12, TOP + 18 + 18 * i, name, weight="bold", fill=COLOURS[i])
    svg.write(path)


def rounds(directory, row):
    """Each round of one measure as a dot, so that the noise can be seen."""
    groups = [("ours", row["ours"], COLOURS[1])]
    if row["peer"]:
        groups.insert(0, ("peer", row["peer"], COLOURS[0]))
    height = TOP + BOTTOM + 40 * len(groups)
    top = max(max(values) for _, values, _ in groups) * 1.1 or 1
    svg = Svg(f"{row['measure']} ({row['unit']})", height=height)

    def x_of(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * value / top

    for i in range(6):
        svg.line(x_of(top * i / 5), TOP, x_of(top * i / 5), height - BOTTOM)
        svg.text(x_of(top * i / 5), height - BOTTOM + 18, f"{top * i / 5:.3g}", "middle")
    for i, (name, values, colour) in enumerate(groups):
        y = TOP + 20 + 40 * i
        svg.text(LEFT - 8, y + 4, name, "end", weight="bold", fill=colour)
        for value in values:
            svg.dot(x_of(value), y, colour)
        middle = sorted(values)[len(values) // 2]
        svg.line(x_of(middle), y - 12, x_of(middle), y + 12, colour, 2)
    svg.text(LEFT, height - 12, f"must: {row['must']}; aim: {row['aim']}")
    name = re.sub(r"[^a-z0-9]+", "-", row["measure"].lower()).strip("-")
    svg.write(directory / f"{name}.svg")
