import SocketIOCore
import TestSupport
import Testing

@testable import SocketIORedis

@Suite struct MessagePackTests {
    /// Written by msgpack 1.2.1 of PyPI, `packb(value)`; the numbers and `undefined` by notepack.io's rules too.
    static let vectors: [(hex: String, value: JSON)] = [
        ("00", .number("0")), ("7f", .number("127")), ("cc80", .number("128")), ("ccff", .number("255")),
        ("cd0100", .number("256")), ("cdffff", .number("65535")), ("ce00010000", .number("65536")),
        ("ceffffffff", .number("4294967295")), ("cf0000000100000000", .number("4294967296")),
        ("cf0020000000000000", .number("9007199254740992")),
        ("cfffffffffffffffff", .number("18446744073709551615")),
        ("ff", .number("-1")), ("e0", .number("-32")), ("d0df", .number("-33")), ("d080", .number("-128")),
        ("d1ff7f", .number("-129")), ("d18000", .number("-32768")), ("d2ffff7fff", .number("-32769")),
        ("d280000000", .number("-2147483648")), ("d3ffffffff7fffffff", .number("-2147483649")),
        ("d38000000000000000", .number("-9223372036854775808")),
        ("cb3ff8000000000000", .number("1.5")), ("cbbfb999999999999a", .number("-0.1")),
        ("cb7e37e43c8800759c", .number("1e+300")),
        ("c0", .null), ("c3", .bool(true)), ("c2", .bool(false)),
        ("a0", .string("")), ("a161", .string("a")), ("ac7065726368c3a920f09f94a5", .string("perché 🔥")),
        ("90", .array([])), ("92019102", .array([.number("1"), .array([.number("2")])])),
        ("80", .object([])),
        ("82a16101a16291c0", .object([.init("a", .number("1")), .init("b", .array([.null]))])),
        ("c400", .binary([])), ("c40200ff", .binary([0, 255])),
    ]

    @Test(arguments: vectors)
    func roundTrips(hex: String, value: JSON) throws {
        #expect(MessagePack.encode(value) == bytes(hex))
        #expect(try MessagePack.decode(bytes(hex)[...]) == value)
    }

    /// Forms that others choose, or that are written here in another way.
    @Test(arguments: [
        ("ca3fc00000", JSON.number("1.5")),
        ("cb4059000000000000", .number("100")),
        ("cb7ff8000000000000", .null),
        ("cbfff0000000000000", .null),
        ("cd0001", .number("1")),
        ("d90161", .string("a")), ("da000161", .string("a")), ("db0000000161", .string("a")),
        ("dc000101", .array([.number("1")])), ("dd0000000101", .array([.number("1")])),
        ("de0001a16101", .object([.init("a", .number("1"))])),
        ("df00000001a16101", .object([.init("a", .number("1"))])),
        ("810102", .object([.init("1", .number("2"))])),
        ("c500020102", .binary([1, 2])), ("c6000000020102", .binary([1, 2])),
        ("c702000102", .binary([1, 2])), ("c80002000102", .binary([1, 2])),
        ("c900000002000102", .binary([1, 2])),
        ("a1ff", .string("\u{FFFD}")),
        ("d40000", .null),
        ("92d4000001", .array([.null, .number("1")])),
        ("82a161d40000a16201", .object([.init("b", .number("1"))])),
        ("d7000000019368d05118", .string("2024-11-26T14:11:43.000Z")),
        ("d700ffffffffffffffff", .string("1969-12-31T23:59:59.999Z")),
        ("d700000000df00abb000", .string("2000-05-08T12:29:18.720Z")),
    ])
    func reads(hex: String, value: JSON) throws {
        #expect(try MessagePack.decode(bytes(hex)[...]) == value)
    }

    @Test(arguments: [
        ("", MessagePackError.endsTooSoon), ("cd00", .endsTooSoon), ("a261", .endsTooSoon),
        ("91", .endsTooSoon),
        ("dd7fffffff", .endsTooSoon), ("dfffffffff", .endsTooSoon), ("c6ffffffff", .endsTooSoon),
        ("c1", .unknownForm(0xC1, at: 0)), ("91c1", .unknownForm(0xC1, at: 1)),
        ("81c001", .keyIsNoText(at: 1)),
        ("d6ff6745d71f", .unknownExtension(-1)), ("c70cff00000000ffffffffffffffff", .unknownExtension(-1)),
        ("d40500", .unknownExtension(5)),
        ("9191919101", .deeperThan(3)),
        ("98c0c0c0c0c0c0c0c0", .moreValuesThan(8)),
        ("0000", .bytesLeft(1)),
    ])
    func refuses(hex: String, error: MessagePackError) {
        #expect(throws: error) {
            try MessagePack.decode(bytes(hex)[...], maxDepth: 3, maxValues: 8)
        }
    }

    @Test(arguments: [31, 32, 255, 256, 65_535, 65_536])
    func lengthsOfEverySizeRoundTrip(count: Int) throws {
        let values: [JSON] = [
            .string(String(repeating: "x", count: count)), .binary([UInt8](repeating: 7, count: count)),
            .array([JSON](repeating: .null, count: count)),
            .object((0..<count).map { .init(String($0), .bool(true)) }),
        ]
        for value in values {
            #expect(try MessagePack.decode(MessagePack.encode(value)[...], maxValues: 200_000) == value)
        }
    }

    @Test func anyValueRoundTrips() throws {
        for seed in 0..<500 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let value = randomValue(depth: 4, &generator)
            #expect(try MessagePack.decode(MessagePack.encode(value)[...]) == value, "seed \(seed)")
        }
    }

    /// Whatever comes is read or refused.
    @Test func garbageIsReadOrRefused() {
        for seed in 0..<3_000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let good = MessagePack.encode(randomValue(depth: 4, &generator))
            let bytes = Bool.random(using: &generator) ? generator.mutated(good) : generator.bytes(upTo: 60)
            _ = try? MessagePack.decode(bytes[...])
        }
    }

    private func randomValue(depth: Int, _ generator: inout SeededGenerator) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .number(String(Int64.random(in: .min ... .max, using: &generator) >> 17))
        case 3: return .number((Double.random(in: -1...1, using: &generator) + 0.5).description)
        case 4: return .string(String(decoding: generator.bytes(upTo: 40), as: UTF8.self))
        case 5: return .binary(generator.bytes(upTo: 40))
        case 6:
            return .array(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                    randomValue(depth: depth - 1, &generator)
                })
        default:
            return .object(
                (0..<Int.random(in: 0...5, using: &generator)).map {
                    .init("k\($0)", randomValue(depth: depth - 1, &generator))
                })
        }
    }

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8).map { UInt8($0 > 0x40 ? ($0 & 0x0F) + 9 : $0 & 0x0F) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
