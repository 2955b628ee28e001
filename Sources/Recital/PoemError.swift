/// Why a text is not a poem to be read. Always the fault of whoever gave the text: the operator.
package enum PoemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No line holds anything but white space.
    case empty
    /// This line, counted from 1, has bytes that are not UTF-8; it is the first such line.
    case notUTF8(line: Int)
    /// More bytes than `Poem.Limits.maxBytes`.
    case tooLong(bytes: Int, limit: Int)
    /// The stanza that begins at this line, counted from 1, has more bytes than `Poem.Limits.maxStanzaBytes`.
    case stanzaTooLong(line: Int, limit: Int)

    /// A clause for the operator, to stand behind the name of the file and a colon.
    package var description: String {
        switch self {
        case .empty:
            "the text is empty, it has no line with anything on it"
        case .notUTF8(let line):
            "line \(line) of the text is not valid UTF-8"
        case .tooLong(let bytes, let limit):
            "the text has \(bytes) bytes, and \(limit) are allowed"
        case .stanzaTooLong(let line, let limit):
            "the stanza at line \(line) has more than \(limit) bytes, put a blank line between stanzas"
        }
    }
}
