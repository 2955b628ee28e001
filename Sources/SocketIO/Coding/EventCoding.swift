public import SocketIOCore

/// ``JSON`` as an argument beside typed ones. With another encoder or decoder it does what any `Codable` does, but
/// bytes, which only Socket.IO can carry, are a list of numbers there.
extension JSON: Codable {
    /// Reads any value; members come in the order of their names, which other decoders do not keep.
    public init(from decoder: any Decoder) throws {
        if let decoder = decoder as? JSONValueDecoder {
            self = try JSONValueDecoder.decode(JSON.self, from: decoder.json, at: decoder.codingPath)
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? container.decode(Int.self) {
            self = .number(String(number))
        } else if let number = try? container.decode(Double.self) {
            self = .number("\(number)")
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let elements = try? container.decode([JSON].self) {
            self = .array(elements)
        } else {
            let members = try container.decode([String: JSON].self)
            self = .object(members.sorted { $0.key < $1.key }.map { Member($0.key, $0.value) })
        }
    }

    /// Writes any value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let flag): try container.encode(flag)
        case .number(let text):
            if let number = Int(text) {
                try container.encode(number)
            } else {
                try container.encode(Double(text) ?? 0)
            }
        case .string(let text): try container.encode(text)
        case .array(let elements): try container.encode(elements)
        case .object(let members):
            try container.encode(Dictionary(members.map { ($0.key, $0.value) }) { _, last in last })
        case .binary(let bytes): try container.encode(bytes)
        }
    }
}

/// Arguments of events, typed on the application's side.
enum EventCoding {
    static func encode<each Argument: Encodable>(_ arguments: repeat each Argument) throws -> [JSON] {
        var values: [JSON] = []
        for argument in repeat each arguments { values.append(try JSONValueEncoder.encode(argument)) }
        return values
    }

    /// Arguments that are missing read as null, and so as nil where the type is optional; further ones are
    /// ignored, as in JavaScript.
    ///
    /// - Errors: ``ArgumentError``, the sender's.
    static func decode<each Argument: Decodable>(
        _ values: [JSON], event: String, as types: repeat (each Argument).Type
    ) throws -> (repeat each Argument) {
        var place = ArgumentPlace(values: values, event: event)
        return (repeat try place.next((each Argument).self))
    }
}

private struct ArgumentPlace {
    let values: [JSON]
    let event: String
    private var index = 0

    init(values: [JSON], event: String) {
        self.values = values
        self.event = event
    }

    mutating func next<Value: Decodable>(_ type: Value.Type) throws -> Value {
        defer { index += 1 }
        do {
            return try JSONValueDecoder.decode(type, from: index < values.count ? values[index] : .null)
        } catch let error as DecodingError {
            throw ArgumentError(event: event, index: index, reason: error.sentence)
        }
    }
}

/// An argument of an event, or of an acknowledgement, is not of the type the handler takes. The sender's fault: it
/// ends nothing but this event.
public struct ArgumentError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The event's name.
    public let event: String
    /// From 0.
    public let index: Int
    /// What is wrong with the argument, for a log.
    public let reason: String

    /// A sentence for a log.
    public var description: String { "argument \(index) of \"\(event)\": \(reason)" }
}

extension DecodingError {
    fileprivate var sentence: String {
        let context =
            switch self {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: DecodingError.Context(codingPath: [], debugDescription: "it cannot be read")
            }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    }
}
