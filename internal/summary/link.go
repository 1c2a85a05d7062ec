package summary

import (
	"fmt"
	"regexp"
	"strings"
)

// webAddress has nothing that Markdown, or a browser, would take for more than an
// address: no credentials, quotes, brackets or spaces.
var webAddress = regexp.MustCompile(`^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~%/?=+#-]*)?$`)

// Link is Markdown that leads to an address of ours, such as the page of a run. An
// address with anything unusual in it is text, as every other value.
func Link(text, address string) string {
	if !webAddress.MatchString(address) {
		return Text(text + ": " + address)
	}
	return fmt.Sprintf("[%s](%s)", Text(text), address)
}

// Link writes a line that leads to an address; nothing where there is none, as on a
// laptop.
func (p *Page) Link(text, address string) {
	if address != "" {
		p.add(link{text, address})
	}
}

type link struct{ text, address string }

func (l link) markdown(b *strings.Builder) { b.WriteString(Link(l.text, l.address) + "\n\n") }
func (l link) plain(w *terminal)           { w.block(w.wrapped("", l.text+": "+l.address)...) }
