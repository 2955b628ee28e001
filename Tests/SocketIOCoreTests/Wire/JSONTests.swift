import Foundation
import SocketIOCore
import TestSupport
import Testing

@Suite struct JSONTests {
    private static func parse(_ text: String) throws(JSONError) -> JSON {
        try JSON.parse(Array(text.utf8)[...])
    }

    static let texts: [(String, JSON)] = [
        ("null", JSON.null), (" true ", .bool(true)), ("\t\r\nfalse\n", .bool(false)),
        ("0", .number("0")), ("-0", .number("-0")), ("10.50e+3", .number("10.50e+3")),
        ("1E-2", .number("1E-2")),
        ("123456789012345678901234567890", .number("123456789012345678901234567890")),
        (#""""#, .string("")), (#""é😀""#, .string("é😀")),
        (#""a\"\\\/\b\f\n\r\tz""#, .string("a\"\\/\u{8}\u{C}\n\r\tz")),
        (#""\u00e9\u2028\uD83D\uDE00""#, .string("é\u{2028}😀")), (#""\u0000""#, .string("\0")),
        ("[]", .array([])), ("[ 1 , [ ] ]", .array([.number("1"), .array([])])),
        ("{}", .object([])),
        (#"{"b":1,"a":{}}"#, .object([.init("b", .number("1")), .init("a", .object([]))])),
    ]

    @Test(arguments: texts)
    func reads(text: String, value: JSON) throws {
        #expect(try Self.parse(text) == value)
    }

    @Test(arguments: [
        (#""\ud800""#, "\u{FFFD}"), (#""\udc00x""#, "\u{FFFD}x"), (#""\ud800\u0041""#, "\u{FFFD}A"),
        (#""\ud800\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud800\n""#, "\u{FFFD}\n"),
    ])
    func aLoneSurrogateReadsAsTheReplacementCharacter(text: String, value: String) throws {
        #expect(try Self.parse(text) == .string(value))
    }

    static let faults: [(String, JSONError)] = [
        ("", JSONError.endsTooSoon), (" ", .endsTooSoon), ("[", .endsTooSoon), ("[1", .endsTooSoon),
        ("{\"a\"", .endsTooSoon), ("\"a", .endsTooSoon), ("\"\\", .endsTooSoon), ("\"\\u12", .endsTooSoon),
        ("tru", .endsTooSoon), ("-", .endsTooSoon), ("1.", .endsTooSoon), ("1e", .endsTooSoon),
        ("1e+", .endsTooSoon),
        ("1 2", .unexpected(UInt8(ascii: "2"), at: 2)), ("01", .unexpected(UInt8(ascii: "1"), at: 1)),
        ("+1", .unexpected(UInt8(ascii: "+"), at: 0)), (".5", .unexpected(UInt8(ascii: "."), at: 0)),
        ("[1,]", .unexpected(UInt8(ascii: "]"), at: 3)), ("{,}", .unexpected(UInt8(ascii: ","), at: 1)),
        ("{a:1}", .unexpected(UInt8(ascii: "a"), at: 1)),
        ("{\"a\":1,}", .unexpected(UInt8(ascii: "}"), at: 7)),
        ("\"a\nb\"", .unexpected(0x0A, at: 2)), ("\"\\x\"", .unexpected(UInt8(ascii: "x"), at: 2)),
        ("NaN", .unexpected(UInt8(ascii: "N"), at: 0)), ("nul]", .unexpected(UInt8(ascii: "]"), at: 3)),
        ("'a'", .unexpected(UInt8(ascii: "'"), at: 0)), ("\u{FEFF}1", .unexpected(0xEF, at: 0)),
        ("\"\\ud800\\u00", .endsTooSoon),
    ]

    @Test(arguments: faults)
    func refuses(text: String, why: JSONError) {
        #expect(throws: why) { try Self.parse(text) }
    }

    @Test func positionsCountFromTheStartOfTheSlice() {
        #expect(throws: JSONError.unexpected(UInt8(ascii: "x"), at: 1)) {
            try JSON.parse(Array("4242[x".utf8)[4...])
        }
    }

    @Test func refusesWhatIsNotUTF8() {
        #expect(throws: JSONError.invalidUTF8(at: 2)) {
            try JSON.parse([0x5B, 0x22, 0xC3, 0x28, 0x22, 0x5D])
        }
        #expect(throws: JSONError.invalidUTF8(at: 1)) { try JSON.parse([0x22, 0xED, 0xA0, 0x80, 0x22]) }
    }

    @Test func depthIsLimited() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try Self.parse(deep)
        #expect(throws: JSONError.deeper(than: 64)) { try Self.parse("[" + deep + "]") }
        #expect(throws: JSONError.deeper(than: 64)) {
            try Self.parse(String(repeating: "{\"a\":", count: 65))
        }
        #expect(throws: JSONError.deeper(than: 512)) {
            try JSON.parse([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)[...], maxDepth: .max)
        }
    }

    @Test func theNumberOfValuesIsLimited() throws {
        _ = try JSON.parse(Array("[1,2,3]".utf8)[...], maxValues: 4)
        #expect(throws: JSONError.moreValues(than: 3)) {
            try JSON.parse(Array("[1,2,3]".utf8)[...], maxValues: 3)
        }
    }

    @Test func ofSeveralMembersWithOneNameTheLastCounts() throws {
        #expect(try Self.parse(#"{"a":1,"a":2}"#)["a"] == .number("2"))
        #expect(try Self.parse("[1]")["a"] == nil)
    }

    /// Written by Node.js 20, `JSON.stringify`.
    @Test(arguments: [
        ("plain", #""plain""#), ("", #""""#), ("\"\\/", #""\"\\/""#), ("\u{8}\t\n\u{C}\r", #""\b\t\n\f\r""#),
        ("\0\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""), ("é😀\u{2028}", "\"é😀\u{2028}\""),
        ("</script>", #""</script>""#),
    ])
    func quotesAsStringifyDoes(text: String, quoted: String) {
        #expect(String(wire: JSON.quoted(text)) == quoted)
    }

    @Test(arguments: [
        ("é", #""\u00e9""#), ("a😀b", #""a\ud83d\ude00b""#), ("\u{2028}", #""\u2028""#),
        ("\u{7F}ÿ", "\"\u{7F}\\u00ff\""),
        ("\u{FFFF}\u{10000}", #""\uffff\ud800\udc00""#),
    ])
    func quotesInASCII(text: String, quoted: String) {
        #expect(String(wire: JSON.quoted(text, ascii: true)) == quoted)
    }

    @Test func writesWithoutBlanksAndInOrder() throws {
        let text = #"{"b":[1,null,true,{"é":[]}],"a":"x"}"#
        #expect(String(wire: try Self.parse(text).bytes()) == text)
        #expect(
            String(wire: JSON.array([.string("é")]).bytes(ascii: true)) == #"["\u00e9"]"#)
    }

    /// Written by Node.js 20, `JSON.stringify(Buffer.from([1, 255]))`.
    @Test func writesBytesAsNodeDoes() {
        #expect(String(wire: JSON.binary([1, 255]).bytes()) == #"{"type":"Buffer","data":[1,255]}"#)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func whatIsWrittenIsReadBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let value = random.json(depth: 4)
            #expect(try JSON.parse(value.bytes()[...]) == value, "seed \(seed)")
            #expect(try JSON.parse(value.bytes(ascii: true)[...]) == value, "seed \(seed)")
            #expect(value.bytes(ascii: true).allSatisfy { $0 < 0x80 }, "seed \(seed)")
        }
    }

    /// Foundation's reader is somebody else's: what it and we take must be the same, and nothing may trap.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func takesWhatFoundationTakes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let text = random.mutated(random.json(depth: 3).bytes())
            // Foundation differs from RFC 8259 in these: it skips NUL and byte order marks, and refuses
            // numbers that do not fit and names that stand twice.
            if text.contains(where: { $0 == 0 || $0 >= 0x80 }) { continue }
            let theirs =
                (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
            let ours = (try? JSON.parse(text[...])) != nil
            #expect(ours == theirs, "seed \(seed): \(String(wire: text))")
        }
    }
}

extension SeededGenerator {
    mutating func json(depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &self) {
        case 0: .null
        case 1: .bool(.random(using: &self))
        case 2: .number(String(Int32.random(in: .min ... .max, using: &self)))
        case 3: .number("\(Int.random(in: 0...99, using: &self)).5e-\(Int.random(in: 1...9, using: &self))")
        case 4: .string(text())
        case 5: .array((0..<Int.random(in: 0...4, using: &self)).map { _ in json(depth: depth - 1) })
        default:
            .object(
                (0..<Int.random(in: 0...4, using: &self)).map {
                    .init("\($0)\(text())", json(depth: depth - 1))
                })
        }
    }

    mutating func text() -> String {
        let letters: [Unicode.Scalar] = [
            "a", "b", "\"", "\\", "/", "\n", "\0", "\u{1F}", "\u{7F}", "é", "\u{7FF}", "\u{800}", "\u{2028}",
            "\u{2029}",
            "\u{D7FF}", "\u{E000}", "\u{FFFD}", "\u{FFFF}", "😀", "\u{10FFFF}", "<", ":", ",", "\u{1E}",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...9, using: &self) {
            text.append(letters.randomElement(using: &self) ?? "a")
        }
        return String(text)
    }
}
