import Recital
import TestSupport
import Testing

struct PoemTests {
    private static func poem(_ text: String) throws -> Poem {
        try Poem(title: "Test", utf8: Array(text.utf8))
    }

    @Test(arguments: [
        ("a", ["a"]),
        ("a\n", ["a"]),
        ("a\nb\n\nc\n", ["a\nb", "c"]),
        ("\n\n a\n\n\n \t \n\nb\n\n", [" a", "b"]),
        ("a  \n  b\t\n", ["a\n  b"]),
        ("a\r\nb\r\n\r\nc", ["a\nb", "c"]),
        ("a\rb\r\rc\r", ["a\nb", "c"]),
        ("a\n\r\nb\r\r\nc", ["a", "b", "c"]),
        ("\u{FEFF}a\n\nb", ["a", "b"]),
        ("\u{FEFF}\n\u{FEFF}a", ["\u{FEFF}a"]),
        ("a\u{A0}\n\u{A0}\n\u{3000}b\u{3000}", ["a", "\u{3000}b"]),
        ("a\u{B}\u{C}\n\u{C}\nb", ["a", "b"]),
        ("perché\n«è più»\n\n🔥", ["perché\n«è più»", "🔥"]),
        ("e\u{301} \n\u{301}", ["e\u{301}\n\u{301}"]),
        ("a\u{FFFD}b", ["a\u{FFFD}b"]),
        ("a\0b", ["a\0b"]),
    ])
    func cutsAtBlankLines(text: String, stanzas: [String]) throws {
        let poem = try Self.poem(text)
        #expect(poem.stanzas.map(\.text) == stanzas)
        #expect(poem.stanzas.map(\.index) == Array(0..<stanzas.count))
    }

    @Test(arguments: ["", "\n", " \t\r\n\u{A0}\n", "\u{FEFF}", "\u{FEFF}\r\n"])
    func refusesATextWithoutAVerse(text: String) {
        #expect(throws: PoemError.empty) { try Self.poem(text) }
    }

    @Test(
        arguments: [
            ([0xFF], 1),
            ([0xFF, 0xFE, 0x61, 0x00], 1),
            ([0x61, 0x0A, 0x62, 0xE8, 0x0A, 0xFF], 2),
            ([0x61, 0x0D, 0x0A, 0x0D, 0x62, 0x0D, 0x0A, 0xC3], 4),
            ([0x61, 0x0A, 0xC3, 0x0A, 0xA9], 2),
            ([0xC0, 0x80], 1),
            ([0xED, 0xA0, 0x80], 1),
            ([0xF4, 0x90, 0x80, 0x80], 1),
        ] as [([UInt8], Int)])
    func namesTheFirstLineThatIsNotUTF8(bytes: [UInt8], line: Int) {
        #expect(throws: PoemError.notUTF8(line: line)) { try Poem(title: "", utf8: bytes) }
    }

    @Test func keepsItsLimits() throws {
        let limits = Poem.Limits(maxBytes: 12, maxStanzaBytes: 5)
        let inside = try Poem(title: "", utf8: Array("ab\ncd\n\n12345".utf8), limits: limits)
        #expect(inside.stanzas.count == 2)
        #expect(throws: PoemError.tooLong(bytes: 13, limit: 12)) {
            try Poem(title: "", utf8: Array("ab\ncd\n\n12345\n".utf8), limits: limits)
        }
        #expect(throws: PoemError.stanzaTooLong(line: 3, limit: 5)) {
            try Poem(title: "", utf8: Array("a\n\nab\ncde\n".utf8), limits: limits)
        }
    }

    @Test(arguments: [
        PoemError.empty, .notUTF8(line: 3), .tooLong(bytes: 9, limit: 8), .stanzaTooLong(line: 3, limit: 8),
    ])
    func saysWhatIsWrongInOneClause(error: PoemError) {
        let sentence = "\(error)"
        #expect(!sentence.contains("\n") && !sentence.hasSuffix("."))
        if case .notUTF8 = error { #expect(sentence == "line 3 of the text is not valid UTF-8") }
    }

    @Test(arguments: [
        ("a", "a\n"),
        ("\u{FEFF}\r\na \r\nb\r\n \r\n\r\nc", "a\nb\n\nc\n"),
        ("a\n\nb\n", "a\n\nb\n"),
    ])
    func writesTheCanonicalText(text: String, canonical: String) throws {
        let poem = try Self.poem(text)
        #expect(poem.text == canonical)
        #expect(try Self.poem(poem.text) == poem)
    }

    @Test func aStanzaKnowsItsVersesAndItsCursor() throws {
        let poem = try Self.poem("a\n  b\nc\n\nd")
        #expect(poem.stanzas[0].verses == ["a", "  b", "c"])
        #expect(poem.stanzas[1].verses == ["d"])
        #expect(poem.stanzas.map(\.number) == [1, 2])
        #expect(poem.stanzas.map(\.cursor) == ["1", "2"])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func anyBytesAreReadOrRefused(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let likely: [UInt8] = [0x0A, 0x0D, 0x20, 0x61, 0xC3, 0xA9, 0xEF, 0xBB, 0xBF]
        for _ in 0..<1_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                likely.randomElement(using: &random) ?? 0
            }
            guard let poem = try? Poem(title: "", utf8: bytes) else { continue }
            let again = try? Poem(title: "", utf8: Array(poem.text.utf8))
            let verses = poem.stanzas.flatMap(\.verses)
            // A byte order mark that stood inside the text is a character, and may come to stand first.
            let isWhole = again == poem || poem.text.utf8.starts(with: [0xEF, 0xBB, 0xBF])
            if !isWhole || verses.contains("") || verses.contains(where: { $0.utf8.contains(0x0D) }) {
                Issue.record("seed \(seed): \(bytes) was cut wrongly")
            }
        }
    }
}
