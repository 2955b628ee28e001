internal import SocketIOCore

/// Reads a `Decodable` value out of ``JSON``, without passing through a text.
///
/// - `[UInt8]` is read from bytes, and from a list of numbers for clients whose generation has no bytes.
/// - Errors: `DecodingError`, the client's: what it sent is not what the handler takes.
struct JSONValueDecoder: Decoder {
    let json: JSON
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    static func decode<Value: Decodable>(
        _ type: Value.Type, from json: JSON, at path: [any CodingKey] = []
    ) throws -> Value {
        try JSONValueDecoder(json: json, codingPath: path).value(type)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = json else { throw mismatch([String: JSON].self, "an object") }
        let values = Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        return KeyedDecodingContainer(Keyed<Key>(members: values, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = json else { throw mismatch([JSON].self, "an array") }
        return Unkeyed(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(decoder: self) }

    fileprivate func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if type == [UInt8].self, let bytes = json.binary as? Value { return bytes }
        switch type {
        case is JSON.Type: return try cast(json, "a value")
        case is String.Type: return try cast(json.string, "a text")
        case is Bool.Type: return try cast(json.bool, "true or false")
        case is Double.Type: return try cast(json.double, "a number")
        case is Float.Type: return try cast(json.double.map { Float($0) }, "a number")
        case let integer as any FixedWidthInteger.Type:
            return try cast(whole(integer), "a whole number in range")
        default: return try Value(from: self)
        }
    }

    private func whole<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
        guard case .number(let text) = json else { return nil }
        return Number(text) ?? Double(text).flatMap { Number(exactly: $0) }
    }

    private func cast<Value>(_ value: Any?, _ wanted: String) throws -> Value {
        guard let value = value as? Value else { throw mismatch(Value.self, wanted) }
        return value
    }

    private func mismatch(_ type: any Any.Type, _ wanted: String) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: codingPath, debugDescription: "expected \(wanted), found \(json.kind)")
        return json == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }
}

extension JSON {
    /// In words, for whoever reads an error.
    fileprivate var kind: String {
        switch self {
        case .null: "nothing"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "an array"
        case .object: "an object"
        case .binary: "bytes"
        }
    }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: JSON]
    let codingPath: [any CodingKey]
    var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try decoder(for: key).json == .null }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try decoder(for: key).value(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try decoder(for: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(for: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        JSONValueDecoder(json: members["super"] ?? .null, codingPath: codingPath)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(for: key) }

    private func decoder(for key: Key) throws -> JSONValueDecoder {
        guard let json = members[key.stringValue] else {
            throw DecodingError.keyNotFound(
                key,
                .init(codingPath: codingPath, debugDescription: "there is no \"\(key.stringValue)\""))
        }
        return JSONValueDecoder(json: json, codingPath: codingPath + [key])
    }
}

private struct Unkeyed: UnkeyedDecodingContainer {
    let elements: [JSON]
    let codingPath: [any CodingKey]
    var currentIndex = 0
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [JSON], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    mutating func decodeNil() throws -> Bool {
        guard try peek().json == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try peek().value(type)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<
        Key
    > {
        try superDecoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try superDecoder().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try peek()
        currentIndex += 1
        return decoder
    }

    private func peek() throws -> JSONValueDecoder {
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                JSON.self, .init(codingPath: codingPath, debugDescription: "the array is at its end"))
        }
        return JSONValueDecoder(json: elements[currentIndex], codingPath: codingPath)
    }
}

private struct Single: SingleValueDecodingContainer {
    let decoder: JSONValueDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { decoder.json == .null }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.value(type) }
}
