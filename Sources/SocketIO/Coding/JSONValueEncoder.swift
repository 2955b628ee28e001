internal import SocketIOCore

/// Turns any `Encodable` value into ``JSON``, without passing through a text.
///
/// - `[UInt8]` is bytes and travels as an attachment, where `Codable` alone would make it a list of numbers.
/// - A number that JSON cannot say (NaN, infinity) is an `EncodingError`, the application's.
struct JSONValueEncoder: Encoder {
    fileprivate let node: Node
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    static func encode<Value: Encodable>(_ value: Value) throws -> JSON {
        let node = Node()
        try node.write(value, at: [])
        return node.json
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.begin(.object([]))
        return KeyedEncodingContainer(Keyed<Key>(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.begin(.array([]))
        return Unkeyed(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        Single(node: node, codingPath: codingPath)
    }
}

/// A value that is being made. A class, because containers inside each other write into it one after the other.
private final class Node {
    enum Content {
        case value(JSON)
        case array([Node])
        case object([(key: String, node: Node)])
    }

    private var content = Content.value(.null)
    var count: Int { if case .array(let nodes) = content { nodes.count } else { 0 } }

    var json: JSON {
        switch content {
        case .value(let json): json
        case .array(let nodes): .array(nodes.map(\.json))
        case .object(let members): .object(members.map { .init($0.key, $0.node.json) })
        }
    }

    /// Asked twice for the same kind of container, an encoder gives the one it has.
    func begin(_ new: Content) {
        switch (content, new) {
        case (.array, .array), (.object, .object): break
        default: content = new
        }
    }

    func set(_ json: JSON) { content = .value(json) }

    func appended() -> Node {
        let node = Node()
        if case .array(let nodes) = content { content = .array(nodes + [node]) }
        return node
    }

    func member(_ key: String) -> Node {
        let node = Node()
        if case .object(let members) = content {
            content = .object(members.filter { $0.key != key } + [(key, node)])
        }
        return node
    }

    func write<Value: Encodable>(_ value: Value, at path: [any CodingKey]) throws {
        // Compared by type: an empty array of anything can be cast to an empty array of bytes.
        if Value.self == [UInt8].self, let bytes = value as? [UInt8] { return set(.binary(bytes)) }
        switch value {
        case let json as JSON: set(json)
        case let text as String: set(.string(text))
        case let flag as Bool: set(.bool(flag))
        case let number as any BinaryInteger: set(.number("\(number)"))
        case let number as Double: try set(number, number.isFinite, at: path)
        case let number as Float: try set(number, number.isFinite, at: path)
        default: try value.encode(to: JSONValueEncoder(node: self, codingPath: path))
        }
    }

    private func set(_ number: some CustomStringConvertible, _ isFinite: Bool, at path: [any CodingKey])
        throws
    {
        guard isFinite else {
            throw EncodingError.invalidValue(
                number, .init(codingPath: path, debugDescription: "JSON has no \(number)"))
        }
        let text = number.description
        // As JavaScript writes it: 1, not 1.0.
        set(.number(text.hasSuffix(".0") ? String(text.dropLast(2)) : text))
    }
}

private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    let codingPath: [any CodingKey]

    mutating func encodeNil(forKey key: Key) throws { node.member(key.stringValue).set(.null) }

    mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try node.member(key.stringValue).write(value, at: codingPath + [key])
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        encoder(for: key).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder(for: key).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
        JSONValueEncoder(node: node.member("super"), codingPath: codingPath)
    }

    mutating func superEncoder(forKey key: Key) -> any Encoder { encoder(for: key) }

    private func encoder(for key: Key) -> JSONValueEncoder {
        JSONValueEncoder(node: node.member(key.stringValue), codingPath: codingPath + [key])
    }
}

private struct Unkeyed: UnkeyedEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]
    var count: Int { node.count }

    mutating func encodeNil() throws { node.appended().set(.null) }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        try node.appended().write(value, at: codingPath)
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        encoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }
    mutating func superEncoder() -> any Encoder { encoder() }

    private func encoder() -> JSONValueEncoder {
        JSONValueEncoder(node: node.appended(), codingPath: codingPath)
    }
}

private struct Single: SingleValueEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]

    mutating func encodeNil() throws { node.set(.null) }
    mutating func encode<Value: Encodable>(_ value: Value) throws { try node.write(value, at: codingPath) }
}
