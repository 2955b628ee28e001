/// Values written as literals: `["name": "Ann", "age": 7, "tags": ["a", nil]]`.
extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .number(String(value)) }
    /// - Parameter value: a literal, so never infinite and never NaN, which JSON cannot say.
    public init(floatLiteral value: Double) { self = .number("\(value)") }
    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// An array of the elements.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object; its members keep the order they are written in.
    public init(dictionaryLiteral members: (String, JSON)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }
}

/// What a value holds, where it is of that kind; nil where it is of another.
extension JSON {
    /// The text of a string.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The value of `true` or `false`.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The elements of an array.
    public var array: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
    /// The bytes of an attachment.
    public var binary: [UInt8]? { if case .binary(let bytes) = self { bytes } else { nil } }

    /// A whole number that fits; `1.0` is one too, as it is in JavaScript.
    public var int: Int? {
        guard case .number(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    /// Any number, as near as a `Double` comes to it.
    public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }
}
