package summary

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	gap      = 2 // between columns
	leastCol = 8 // that a column is not made narrower than
)

// align lays out rows of the same length in columns. Where a width is given and
// is not enough, the widest columns are wrapped between words. The first row is
// the header, and heads how many lines it has.
func align(rows [][]string, width int) (lines []string, heads int) {
	widths, words := make([]int, len(rows[0])), make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			widths[i], words[i] = max(widths[i], columns(c)), max(words[i], longest(c))
		}
	}
	if width > 0 {
		shrink(widths, words, width-gap*(len(widths)-1))
	}
	for i, r := range rows {
		lines = append(lines, layOut(r, widths)...)
		if i == 0 {
			heads = len(lines)
		}
	}
	return lines, heads
}

// ragged lays out rows of any length in columns. The last cell of a row has all the
// room that is left of the line, so it says nothing about how wide its column is.
func ragged(rows [][]string, width int) []string {
	var widths, words []int
	for _, r := range rows {
		for i, c := range r[:max(len(r)-1, 0)] {
			if i == len(widths) {
				widths, words = append(widths, 0), append(words, 0)
			}
			widths[i], words[i] = max(widths[i], columns(c)), max(words[i], longest(c))
		}
	}
	if width > 0 {
		shrink(widths, words, width-gap*len(widths)-2*leastCol)
	}
	var lines []string
	for _, r := range rows {
		left, room := max(len(r)-1, 0), width
		for _, w := range widths[:left] {
			room -= w + gap
		}
		if width == 0 {
			room = math.MaxInt
		}
		lines = append(lines, layOut(r, append(slices.Clone(widths[:left]), max(room, leastCol)))...)
	}
	return lines
}

// shrink takes from the widest column that can still be wrapped between its words.
// Where that is not enough, the words of the last columns are torn: what a row is
// about stands in the first.
func shrink(widths, words []int, room int) {
	total := 0
	for _, w := range widths {
		total += w
	}
	for ; total > room; total-- {
		one := -1
		for i, w := range widths {
			if w > max(words[i], leastCol) && (one < 0 || w > widths[one]) {
				one = i
			}
		}
		for i := len(widths) - 1; one < 0 && i >= 0; i-- {
			if widths[i] > leastCol {
				one = i
			}
		}
		if one < 0 {
			return
		}
		widths[one]--
	}
}

// longest is how wide the widest part of a text is that is not torn.
func longest(text string) (most int) {
	for _, word := range strings.Fields(text) {
		for runes := []rune(word); len(runes) > 0; {
			n := dash(runes)
			if n == 0 {
				n = len(runes)
			}
			most, runes = max(most, columns(string(runes[:n]))), runes[n:]
		}
	}
	return most
}

// dash is the end of the first part of a word that ends with a dash; 0 without one.
// Dashes that a word begins with, as an option does, end no part.
func dash(word []rune) int {
	begun := false
	for i, r := range word {
		if r == '-' && begun && i < len(word)-1 {
			return i + 1
		}
		begun = begun || r != '-'
	}
	return 0
}

// layOut is one row, in as many lines as its longest cell needs.
func layOut(row []string, widths []int) []string {
	cells := make([][]string, len(row))
	most := 1
	for i, c := range row {
		cells[i] = wrap(c, widths[i])
		most = max(most, len(cells[i]))
	}
	lines := make([]string, most)
	for n := range lines {
		var b strings.Builder
		for i := range cells {
			text := ""
			if n < len(cells[i]) {
				text = cells[i][n]
			}
			b.WriteString(text)
			if i < len(cells)-1 {
				b.WriteString(strings.Repeat(" ", max(widths[i]-columns(text), 0)+gap))
			}
		}
		lines[n] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// Wrap breaks a text between words into lines of at most so many columns, 0 for
// any, where the lines after the first begin below what follows the sign.
func Wrap(sign, text string, width int) []string {
	if width == 0 {
		return []string{sign + text}
	}
	lines := wrap(text, max(width-columns(sign), leastCol))
	for i, l := range lines {
		if i > 0 {
			l = strings.Repeat(" ", columns(sign)) + l
		} else {
			l = sign + l
		}
		lines[i] = l
	}
	return lines
}

// wrap breaks a text between words, and a word that is too long after a dash, or
// where it must be.
func wrap(text string, width int) []string {
	if columns(text) <= width {
		return []string{text}
	}
	var lines []string
	now := ""
	for _, word := range strings.Fields(text) {
		switch {
		case now == "":
			now = word
		case columns(now)+1+columns(word) <= width:
			now += " " + word
		default:
			lines, now = append(lines, now), word
		}
		for columns(now) > width {
			cut := tear([]rune(now), max(1, fits(now, width)))
			lines, now = append(lines, string([]rune(now)[:cut])), string([]rune(now)[cut:])
		}
	}
	return append(lines, now)
}

// tear is where a word is broken of which so many characters have room.
func tear(word []rune, room int) int {
	end := 0
	for n := dash(word); n > 0 && end+n <= room; n = dash(word[end:]) {
		end += n
	}
	return cmp.Or(end, room)
}

// fits is how many characters have room.
func fits(text string, width int) int {
	n, used := 0, 0
	for _, r := range text {
		if used += runeColumns(r); used > width {
			return n
		}
		n++
	}
	return n
}

// columns is how wide a terminal shows a text.
func columns(text string) int {
	if len(text) == utf8.RuneCountInString(text) {
		return len(text)
	}
	n := 0
	for _, r := range text {
		n += runeColumns(r)
	}
	return n
}

// wide is what terminals show in two columns: East Asian characters and emoji.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0xa4cf, Stride: 1}, {Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1}, {Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, {Lo: 0xff00, Hi: 0xff60, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x1f300, Hi: 0x1faff, Stride: 1}, {Lo: 0x20000, Hi: 0x3fffd, Stride: 1}},
}

func runeColumns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}
