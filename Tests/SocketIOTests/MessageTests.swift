import SocketIO
import Testing

@Suite struct MessageTests {
    @Test(arguments: [
        ("/a/b?c=d?e", "/a/b", "c=d?e"), ("/a", "/a", ""), ("/?", "/", ""), ("/a?b#c", "/a", "b"),
    ])
    func targetIsPathAndQuery(target: String, path: String, query: String) {
        let request = Request(method: "GET", target: target)
        #expect(request.path == path && request.query == query)
    }

    @Test func headersAreFoundInAnyCase() {
        let request = Request(
            method: "GET", target: "/",
            headers: [("X-One", "1"), ("x-one", "2"), ("X[One", "3"), ("X{One", "4")])
        #expect(request.header("x-ONE") == "1")
        #expect(request.header("x{one") == "4", "only letters have a case")
        #expect(request.header("x-on") == nil)
    }

    @Test(arguments: [
        ("upgrade", true), ("keep-alive, Upgrade", true), ("keep-alive,\tUPGRADE ,x", true),
        ("upgraded", false),
        ("", false),
    ])
    func tokenIsFoundInAList(value: String, isThere: Bool) {
        let request = Request(
            method: "GET", target: "/", headers: [("connection", "x"), ("Connection", value)])
        #expect(request.hasToken("upgrade", in: "CONNECTION") == isThere)
    }

    @Test(
        arguments: [
            (nil, 200), ("\"a\"", 304), ("W/\"a\"", 304), ("*", 304), ("\"b\", W/\"a\"", 304), ("\"b\"", 200),
            ("a", 200),
        ] as [(String?, Int)])
    func fileIsNotSentTwice(known: String?, status: Int) {
        let request = Request(
            method: "GET", target: "/", headers: known.map { [("If-None-Match", $0)] } ?? [])
        let response = Response.file([1, 2], type: "text/css", tag: "\"a\"", for: request)
        #expect(response.status == status)
        #expect(response.body == (status == 200 ? [1, 2] : []))
        #expect(response.header("ETag") == "\"a\"")
    }

    @Test func totalsAreSummed() {
        var one = Totals()
        one.connections = 1
        one.sessions = 2
        one.readers = 3
        var two = one
        two.isDraining = true
        let sum = one + two
        #expect(sum.connections == 2 && sum.sessions == 4 && sum.readers == 6 && sum.isDraining)
    }
}
