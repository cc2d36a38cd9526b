# A plot with two logarithmic axes, as SVG: lines of series, x, y, with tabs between the fields. Lines of the
# series "… , processor" are dashed. Variables: title, xlabel, ylabel. The colours can be read on light and on
# dark backgrounds.

function log10(n) { return log(n) / log(10) }
function floor(n,   i) { i = int(n); return i > n ? i - 1 : i }
function across(x) { return left + (log10(x) - x0) / (x1 - x0) * (width - left - right) }
function down(y) { return height - bottom - (log10(y) - y0) / (y1 - y0) * (height - top - bottom) }
# A power of ten, shortly.
function power(n) {
    if (n >= 0 && n <= 4) return 10 ^ n
    if (n < 0 && n >= -3) return sprintf("%.*f", -n, 10 ^ n)
    return "10<tspan dy=\"-4\" font-size=\"8\">" n "</tspan>"
}

BEGIN { FS = "\t"; width = 420; height = 260; left = 58; right = 14; top = 30; bottom = 40 }
$2 > 0 && $3 > 0 {
    if (!($1 in number)) { number[$1] = ++series; name[series] = $1 }
    n++; of[n] = $1; x[n] = $2; y[n] = $3
    if (n == 1 || $2 < least_x) least_x = $2
    if (n == 1 || $2 > most_x) most_x = $2
    if (n == 1 || $3 < least_y) least_y = $3
    if (n == 1 || $3 > most_y) most_y = $3
}
END {
    x0 = log10(least_x) - 0.05; x1 = log10(most_x) + 0.05
    y0 = floor(log10(least_y)); y1 = -floor(-log10(most_y))
    if (y1 - y0 < 1) y1 = y0 + 1
    split("#1f6feb #bf8700 #2da44e #cf222e #8250df", colours, " ")
    legend = series * 16
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n", width, height + legend, width, height + legend, title
    print "<style>text { font: 11px sans-serif; fill: #57606a } .title { font-weight: bold } .grid { stroke: #8c959f; stroke-opacity: 0.35 } @media (prefers-color-scheme: dark) { text { fill: #9ea7b3 } }</style>"
    printf "<text x=\"0\" y=\"14\" class=\"title\">%s</text>\n", title
    for (i = y0; i <= y1; i++) {
        at = down(10 ^ i)
        printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" class=\"grid\"/>", left, width - right, at, at
        printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left - 6, at + 4, power(i)
    }
    for (i = -floor(-x0); i <= x1; i++) {
        at = across(10 ^ i)
        printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" class=\"grid\"/>", at, at, top, height - bottom
        printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", at, height - bottom + 15, power(i)
    }
    printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", width - right, height - 6, xlabel
    printf "<text x=\"%d\" y=\"%d\">%s</text>\n", left, top - 5, ylabel
    for (s = 1; s <= series; s++) {
        dash = name[s] ~ /, processor$/ ? " stroke-dasharray=\"4 3\"" : ""
        # A series and its processor time share a colour.
        base = name[s]; sub(/, processor$/, "", base)
        if (!(base in colour)) colour[base] = colours[++used]
        points = ""
        for (i = 1; i <= n; i++) if (of[i] == name[s]) {
            points = points sprintf("%.1f,%.1f ", across(x[i]), down(y[i]))
            printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>", across(x[i]), down(y[i]), colour[base]
        }
        printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\"%s/>\n", points, colour[base], dash
        at = height + (s - 1) * 16
        printf "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"%s\"%s/>", left, left + 24, at, at, colour[base], dash
        printf "<text x=\"%d\" y=\"%d\">%s</text>\n", left + 30, at + 4, name[s]
    }
    print "</svg>"
}
