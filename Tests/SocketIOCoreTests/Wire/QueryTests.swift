import SocketIOCore
import Testing

@Suite struct QueryTests {
    private static func pairs(_ query: Substring, maxParameters: Int = 256) -> [[String]] {
        Query.parse(query, maxParameters: maxParameters).map { [$0.name, $0.value] }
    }

    static let queries: [(Substring, [[String]])] =
        [
            ("", []), ("a", [["a", ""]]), ("a=", [["a", ""]]), ("=b", [["", "b"]]), ("&&", []),
            (
                "EIO=4&transport=polling&t=NxKf1a0",
                [["EIO", "4"], ["transport", "polling"], ["t", "NxKf1a0"]]
            ),
            ("a=1&a=2", [["a", "1"], ["a", "2"]]), ("a=b=c", [["a", "b=c"]]),
            ("a+b=c+d%2Be", [["a b", "c d+e"]]),
            ("%C3%A9=%f0%9F%98%80", [["é", "😀"]]), ("a=%", [["a", "%"]]), ("a=%4", [["a", "%4"]]),
            ("a=%zz", [["a", "%zz"]]),
            ("a=%%41", [["a", "%A"]]), ("a=%FF", [["a", "\u{FFFD}"]]), ("é=ü", [["é", "ü"]]),
            ("a%26b=%3D", [["a&b", "="]]),
            ("a=%00", [["a", "\0"]]),
        ] as [(Substring, [[String]])]

    @Test(arguments: queries)
    func reads(query: Substring, parameters: [[String]]) {
        #expect(Self.pairs(query) == parameters)
    }

    @Test func findsTheFirst() {
        #expect(Query.first("a", in: "b=0&a=1&a=2") == "1")
        #expect(Query.first("b", in: "b") == "")
        #expect(Query.first("c", in: "b=0") == nil)
    }

    @Test func parametersAreCounted() {
        #expect(Self.pairs("a&b&c", maxParameters: 2) == [["a", ""], ["b", ""]])
        #expect(Self.pairs("a&b", maxParameters: 0).isEmpty)
    }

    @Test func formFieldsAreBytes() {
        #expect(Query.formField("d", in: Array("x=1&d=%FF+%2B&d=2".utf8)[...]) == [0xFF, 0x20, 0x2B])
        #expect(Query.formField("d", in: Array("d".utf8)[...]) == [])
        #expect(Query.formField("d", in: Array("e=1".utf8)[...]) == nil)
    }
}
