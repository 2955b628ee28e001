import Testing

@testable import dante

@Suite struct ChatTextTests {
    @Test(arguments: [
        ("Ann", "Ann"),
        ("  Ann\t", "Ann"),
        ("Ann\nand\r\nBob", "Ann and  Bob"),
        ("a\u{0}b\u{1B}[31m\u{7F}c\u{85}d", "ab[31mc d"),
        ("\u{2028}one\u{2029}two\u{A0}", "one two"),
        // Markup is text like any other.
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        // A name that would turn the words behind it.
        ("Ann\u{202E}nnA\u{2066}!\u{2069}", "AnnnnA!"),
        ("perché 🔥 \u{1F469}\u{200D}\u{1F692}", "perché 🔥 \u{1F469}\u{200D}\u{1F692}"),
        (" \u{301}e", "\u{301}e"),
    ])
    func isOneLine(text: String, line: String) {
        #expect(ChatText.line(text).map { Array($0.unicodeScalars) } == Array(line.unicodeScalars))
    }

    @Test(arguments: [
        "", " ", "\n\t", "\u{0}\u{1}", "\u{200B}\u{FEFF}\u{2060}", "\u{202E}\u{202C}", "\u{3164}", "\u{301}",
    ])
    func ofNothingVisibleNothingIsLeft(text: String) {
        #expect(ChatText.line(text) == nil)
    }
}
