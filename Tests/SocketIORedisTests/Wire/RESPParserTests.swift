import TestSupport
import Testing

@testable import SocketIORedis

@Suite struct RESPParserTests {
    /// As redis-server 7.0.15 writes them, and the specification's own examples.
    static let vectors: [(wire: String, value: RESPValue)] = [
        ("+OK\r\n", .simple("OK")),
        ("-WRONGPASS invalid username-password pair\r\n", .error("WRONGPASS invalid username-password pair")),
        (":-9223372036854775808\r\n", .integer(.min)),
        ("$5\r\nhello\r\n", .bulk(Array("hello".utf8))),
        ("$0\r\n\r\n", .bulk([])),
        ("$2\r\n\r\n\r\n", .bulk([13, 10])),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("_\r\n", .null),
        ("*0\r\n", .array([])),
        ("*2\r\n*0\r\n:1\r\n", .array([.array([]), .integer(1)])),
        ("*3\r\n:1\r\n*1\r\n$1\r\na\r\n$-1\r\n", .array([.integer(1), .array([.bulk([97])]), .null])),
        ("#t\r\n", .boolean(true)),
        (",3.25\r\n", .double(3.25)),
        (",-inf\r\n", .double(-.infinity)),
        (
            "(3492890328409238509324850943850943825024385\r\n",
            .bigNumber("3492890328409238509324850943850943825024385")
        ),
        ("!21\r\nSYNTAX invalid syntax\r\n", .error("SYNTAX invalid syntax")),
        ("=15\r\ntxt:Some string\r\n", .verbatim(format: "txt", Array("Some string".utf8))),
        (
            "%2\r\n+first\r\n:1\r\n+second\r\n*1\r\n:2\r\n",
            .map([.init(.simple("first"), .integer(1)), .init(.simple("second"), .array([.integer(2)]))])
        ),
        ("%0\r\n", .map([])),
        ("~2\r\n+a\r\n#f\r\n", .set([.simple("a"), .boolean(false)])),
        (
            ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n",
            .push([.bulk(Array("message".utf8)), .bulk([99]), .bulk([109])])
        ),
        ("|1\r\n+ttl\r\n:3600\r\n*2\r\n:1\r\n|1\r\n+x\r\n+y\r\n:2\r\n", .array([.integer(1), .integer(2)])),
    ]

    @Test(arguments: vectors)
    func readsAValueHoweverItIsCut(wire: String, value: RESPValue) throws {
        let bytes = Array(wire.utf8)
        for size in 1...max(1, bytes.count) {
            var parser = RESPParser()
            var values: [RESPValue] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                parser.receive(bytes[start..<min(bytes.count, start + size)])
                while let next = try parser.next() { values.append(next) }
            }
            #expect(values == [value], "in pieces of \(size)")
        }
    }

    @Test func readsAllValuesInARow() throws {
        var parser = RESPParser()
        parser.receive(Self.vectors.flatMap { Array($0.wire.utf8) })
        var values: [RESPValue] = []
        while let next = try parser.next() { values.append(next) }
        #expect(values == Self.vectors.map(\.value))
    }

    static var strict: RESPParser.Limits {
        var limits = RESPParser.Limits()
        limits.maxStringBytes = 8
        limits.maxDepth = 2
        limits.maxElements = 5
        limits.maxLineBytes = 24
        return limits
    }

    @Test(arguments: [
        ("?1\r\n", RESPError.unknownType(0x3F)),
        ("\r\n", .malformed(type: 13)),
        ("+a\rb\r\n", .malformed(type: 0x2B)),
        (":1x\r\n", .malformed(type: 0x3A)),
        (":\r\n", .malformed(type: 0x3A)),
        (":99999999999999999999\r\n", .malformed(type: 0x3A)),
        ("#x\r\n", .malformed(type: 0x23)),
        ("$-2\r\n", .malformed(type: 0x24)),
        ("=-1\r\n", .malformed(type: 0x3D)),
        ("$?\r\n", .malformed(type: 0x24)),
        ("$1\r\nabc", .malformed(type: 0x24)),
        ("=2\r\nab\r\n", .malformed(type: 0x3D)),
        ("$9\r\n", .stringLongerThan(8)),
        ("$9223372036854775807\r\n", .stringLongerThan(8)),
        ("*6\r\n", .moreElementsThan(5)),
        ("*9223372036854775807\r\n", .moreElementsThan(5)),
        ("%3\r\n", .moreElementsThan(5)),
        ("*3\r\n*3\r\n", .moreElementsThan(5)),
        ("*1\r\n*1\r\n*1\r\n", .deeperThan(2)),
        ("+" + String(repeating: "a", count: 30), .lineLongerThan(24)),
        ("(12a\r\n", .malformed(type: 0x28)),
        ("(-\r\n", .malformed(type: 0x28)),
        (",one\r\n", .malformed(type: 0x2C)),
        ("_x\r\n", .malformed(type: 0x5F)),
    ])
    func refuses(wire: String, error: RESPError) {
        var parser = RESPParser(limits: Self.strict)
        parser.receive(Array(wire.utf8))
        #expect(throws: error) { try parser.next() }
        // An error stays, whatever follows.
        parser.receive(Array("+OK\r\n".utf8))
        #expect(throws: error) { try parser.next() }
    }

    /// Whatever comes is read or refused, and how it is cut makes no difference.
    @Test func garbageIsReadOrRefused() {
        let letters = Array("+-:$*%~>|#_,(=!0123456789\r\n".utf8)
        for seed in 0..<3_000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let vector = Array((Self.vectors.randomElement(using: &generator)?.wire ?? "").utf8)
            let bytes =
                Bool.random(using: &generator)
                ? generator.mutated(vector) : generator.bytes(upTo: 60, letters: letters)
            #expect(outcome(bytes, by: bytes.count) == outcome(bytes, by: 1), "seed \(seed)")
        }
    }

    private func outcome(_ bytes: [UInt8], by size: Int) -> String {
        var parser = RESPParser(limits: Self.strict)
        var values: [RESPValue] = []
        for start in stride(from: 0, to: bytes.count, by: max(1, size)) {
            parser.receive(bytes[start..<min(bytes.count, start + size)])
            do {
                while let next = try parser.next() { values.append(next) }
            } catch { return "\(values) \(error)" }
        }
        return "\(values)"
    }

    @Test func aCommandIsAnArrayOfStrings() throws {
        let bytes = RESPCommand.encoded("PUBLISH", "perché", "")
        #expect(bytes == Array("*3\r\n$7\r\nPUBLISH\r\n$7\r\nperché\r\n$0\r\n\r\n".utf8))
    }

    @Test func aKeyIsFoundInAMapAndInAList() {
        let map = RESPValue.map([.init(.bulk(Array("proto".utf8)), .integer(3))])
        #expect(map["proto"] == .integer(3))
        #expect(RESPValue.array([.simple("a"), .integer(1), .simple("b")])["a"] == .integer(1))
        #expect(RESPValue.array([.simple("a"), .integer(1), .simple("b")])["b"] == nil)
    }
}
