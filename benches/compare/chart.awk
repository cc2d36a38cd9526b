# A chart of bars, as SVG: lines of title, label, GB/s, "baseline" or "other". It has no background, and
# its colours can be read on a light one and on a dark one.

function escaped(text) {
    gsub(/&/, "\\&amp;", text)
    gsub(/</, "\\&lt;", text)
    return text
}

$1 != title { title = $1; titles++ }
{ group[NR] = $1; label[NR] = $2; rate[NR] = $3; kind[NR] = $4 }
$3 > most { most = $3 }
$2 ~ /^fetool/ { kind[NR] = "fetool" }

END {
    width = 760; left = 210; right = 70
    line = 18; head = 30; top = preliminary ? 44 : 26
    height = top + titles * head + NR * line + 12
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"Rates of fetool and other programs in GB/s\">\n", width, height, width, height
    print "<style>"
    print "text { font: 12px sans-serif; fill: #57606a }"
    print ".title { font-weight: bold; fill: #24292f }"
    print ".baseline { fill: #8c959f } .fetool { fill: #1f6feb } .other { fill: #bf8700 }"
    print "@media (prefers-color-scheme: dark) {"
    print "text { fill: #9ea7b3 } .title { fill: #e6edf3 } .fetool { fill: #4493f8 } .other { fill: #d29922 }"
    print "}"
    print "</style>"
    printf "<text x=\"0\" y=\"14\">GB/s, 10^9 bytes of plaintext a second; longer is faster. Grey: a plain copy the same way.</text>\n"
    if (preliminary)
        printf "<text x=\"0\" y=\"32\" class=\"title\">Preliminary: measured on a busy machine.</text>\n"
    y = top
    for (i = 1; i <= NR; i++) {
        if (group[i] != group[i - 1]) {
            printf "<text x=\"0\" y=\"%d\" class=\"title\">%s</text>\n", y + 20, escaped(group[i])
            y += head
        }
        bar = rate[i] / most * (width - left - right)
        printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", left - 8, y + 11, escaped(label[i])
        printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"12\" rx=\"2\" class=\"%s\"/>", left, y + 1, bar, kind[i]
        printf "<text x=\"%.1f\" y=\"%d\">%.2f</text>\n", left + bar + 6, y + 11, rate[i]
        y += line
    }
    print "</svg>"
}
