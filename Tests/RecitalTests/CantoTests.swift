import Foundation
import Recital
import Testing

/// The two texts that come with the program.
struct CantoTests {
    struct Canto: Sendable, CustomTestStringConvertible {
        let file: String
        let first: String
        let last: String

        var testDescription: String { file }

        func bytes() throws -> [UInt8] {
            let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
            return Array(try Data(contentsOf: root.appending(path: "Resources/\(file)")))
        }
    }

    static let longfellow = Canto(
        file: "inferno-1-longfellow.txt", first: "Midway upon the journey of our life",
        last: "Then he moved on, and I behind him followed.")
    static let italian = Canto(
        file: "inferno-1-italian.txt", first: "Nel mezzo del cammin di nostra vita",
        last: "Allor si mosse, e io li tenni dietro.")

    @Test(arguments: [longfellow, italian])
    func hasFortyFiveTercetsAndTheClosingLine(canto: Canto) throws {
        let poem = try Poem(title: "Inferno, Canto I", utf8: canto.bytes())
        let verses = poem.stanzas.map(\.verses.count)
        #expect(verses == Array(repeating: 3, count: 45) + [1])
        #expect(verses.reduce(0, +) == 136)
        #expect(poem.stanzas.first?.verses.first.map(String.init) == canto.first)
        #expect(poem.stanzas.last?.text == canto.last)
    }

    /// The text answer is promised to equal the file byte for byte.
    @Test(arguments: [longfellow, italian])
    func isWrittenInTheCanonicalForm(canto: Canto) throws {
        let bytes = try canto.bytes()
        let poem = try Poem(title: "", utf8: bytes)
        #expect(Array(poem.text.utf8) == bytes)
        #expect(poem.stanzas.flatMap(\.verses).allSatisfy { $0.first?.isWhitespace == false })
    }

    @Test func theEnglishOneIsPrintableASCII() throws {
        let bytes = try Self.longfellow.bytes()
        #expect(bytes.allSatisfy { $0 == UInt8(ascii: "\n") || (0x20...0x7E).contains($0) })
    }

    /// Beyond ASCII it has precomposed accents, diaereses, guillemets for speech and the typographic apostrophe.
    @Test func theItalianOneHasItsAccents() throws {
        let text = String(decoding: try Self.italian.bytes(), as: UTF8.self)
        let accents = Set(text.unicodeScalars.filter { !$0.isASCII })
        #expect(accents == Set("àèéìïòóù«»’".unicodeScalars))
        #expect(text.filter { $0 == "«" }.count == text.filter { $0 == "»" }.count)
        for words in [
            "ché la diritta via", "Ahi quanto a dir qual era è cosa dura", "poi che ’l superbo Ilïón",
        ] {
            #expect(text.contains(words))
        }
    }
}
