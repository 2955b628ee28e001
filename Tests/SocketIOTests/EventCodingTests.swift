import SocketIOCore
import Testing

@testable import SocketIO

/// Swift values as JSON, and back.
@Suite struct EventCodingTests {
    enum Colour: String, Codable, Sendable { case red, green }

    struct Nested: Codable, Equatable, Sendable {
        var id: UInt8
        var name: String?
        var colours: [Colour]
        var bytes: [UInt8]
        var more: [String: Double]
        var any: JSON
    }

    @Test func structuresGoThereAndBack() throws {
        let value = Nested(
            id: 255, name: nil, colours: [.red, .green], bytes: [0, 255], more: ["x": 1.5],
            any: ["a": [1, nil, true]])
        let json = try JSONValueEncoder.encode(value)
        #expect(
            json == [
                "id": 255, "colours": ["red", "green"], "bytes": .binary([0, 255]), "more": ["x": 1.5],
                "any": ["a": [1, nil, true]],
            ])
        #expect(try JSONValueDecoder.decode(Nested.self, from: json) == value)
    }

    @Test func valuesAreWrittenAsJavaScriptWritesThem() throws {
        #expect(
            try EventCoding.encode(1, 1.0, -0.5, true, "é", Int64.max, UInt64.max) == [
                1, 1, -0.5, true, "é", .number("9223372036854775807"), .number("18446744073709551615"),
            ])
        #expect(
            try EventCoding.encode([Int](), [UInt8](), [String: Int](), Int?.none) == [
                [], .binary([]), [:], nil,
            ])
    }

    @Test func numbersThatJSONCannotSayAreRefused() {
        #expect(throws: EncodingError.self) { try EventCoding.encode(Double.nan) }
        #expect(throws: EncodingError.self) { try EventCoding.encode(["x": [-Float.infinity]]) }
    }

    @Test(arguments: [
        (.number("256") as JSON, "expected a whole number in range, found a number"),
        (.number("1.5"), "expected a whole number in range, found a number"),
        (.null, "expected a whole number in range, found nothing"),
        (.array(["x"]), "expected a whole number in range, found an array"),
    ])
    func whatIsOfAnotherTypeIsSaid(json: JSON, reason: String) {
        let error = #expect(throws: ArgumentError.self) {
            try EventCoding.decode([json], event: "e", as: UInt8.self)
        }
        #expect(error?.reason == reason)
    }

    @Test func errorSaysWhereItIs() {
        let error = #expect(throws: ArgumentError.self) {
            try EventCoding.decode(
                [1, ["id": 1, "colours": ["blue"]] as JSON], event: "e", as: Int.self, Nested.self)
        }
        #expect(error.map { "\($0)" }?.hasPrefix("argument 1 of \"e\": colours") == true)
    }

    @Test func missingArgumentsAreNilAndFurtherOnesIgnored() throws {
        let (a, b) = try EventCoding.decode([1], event: "e", as: Int.self, String?.self)
        #expect(a == 1 && b == nil)
        #expect(try EventCoding.decode([1, 2, 3], event: "e", as: Int.self) == 1)
        #expect(throws: ArgumentError.self) { try EventCoding.decode([], event: "e", as: Int.self) }
    }

    @Test func wholeNumbersMayBeWrittenOtherwise() throws {
        #expect(try EventCoding.decode([.number("1e3")], event: "e", as: Int.self) == 1000)
        #expect(try EventCoding.decode([.number("7.0")], event: "e", as: UInt16.self) == 7)
    }

    /// Clients of a generation without bytes send numbers.
    @Test func bytesAreReadFromAListToo() throws {
        let bytes: [UInt8] = [1, 2]
        #expect(try EventCoding.decode([.array([1, 2])], event: "e", as: [UInt8].self) == bytes)
        #expect(try EventCoding.decode([.binary(bytes)], event: "e", as: [UInt8].self) == bytes)
    }
}
