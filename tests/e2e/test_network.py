# SPDX-License-Identifier: MIT
"""A vendor that cannot be reached, or does not take us: one clear message, exit 1, in time."""

import contextlib
import socket
import threading
import time
import unittest

from harness import TestCase, web


class Unreachable(TestCase):
    def setUp(self):
        super().setUp()
        self.estate.provider(timeout="2s")
        self.converge()
        self.estate.machine_set(count=6)

    def listener(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return listener, f"http://127.0.0.1:{listener.getsockname()[1]}/starvcenter/services/cloudresource"

    def assert_one_message(self, *words, deadline=15):
        for command in (["plan"], ["apply", "--yes"]):
            start = time.monotonic()
            result = self.estate.run(*command)
            self.assertLess(time.monotonic() - start, deadline, result)
            self.assert_code(1, result)
            said = result.out + result.err
            for word in words:
                self.assertIn(word, said)
            self.assertIn("star", said)
            self.assertLessEqual(len(result.err.splitlines()), 3, result)
        self.assert_no_act()

    def test_wrong_token(self):
        self.estate.environment["STAR_TOKEN"] = "another"
        self.assert_one_message("token")

    def test_no_token(self):
        del self.estate.environment["STAR_TOKEN"]
        self.assert_one_message("STAR_TOKEN")

    def test_wrong_endpoint(self):
        self.estate.provider(endpoint=self.simulator.url + "/elsewhere")
        self.assert_one_message()

    def test_dead_port(self):
        listener, endpoint = self.listener()
        listener.close()
        self.estate.provider(endpoint=endpoint)
        self.assert_one_message("onnect")

    def test_no_such_host(self):
        self.estate.provider(endpoint="https://muster.invalid/starvcenter/services/cloudresource")
        self.assert_one_message("muster.invalid")

    def test_a_server_that_never_answers(self):
        _, endpoint = self.listener()
        self.estate.provider(endpoint=endpoint)
        self.assert_one_message("2s")

    def test_a_server_that_drips(self):
        """One byte at a time, for ever: the whole exchange has the deadline, not the wait for the next byte."""
        listener, endpoint = self.listener()

        def drip(connection):
            with contextlib.suppress(OSError), connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while True:
                    connection.sendall(b"A")
                    time.sleep(0.1)

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=drip, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        self.estate.provider(endpoint=endpoint)
        self.assert_one_message("2s", deadline=20)

    def test_a_redirect_is_not_followed(self):
        reached = []
        listener, endpoint = self.listener()

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        reached.append(True)

        threading.Thread(target=serve, daemon=True).start()
        redirecting, first = self.listener()

        def redirect():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = redirecting.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {endpoint}\r\nContent-Length: 0\r\n\r\n".encode())

        threading.Thread(target=redirect, daemon=True).start()
        self.estate.provider(endpoint=first)
        self.assert_one_message("edirect")
        self.assertEqual([], reached)

    def test_a_proxy_of_the_environment_is_not_used(self):
        _, endpoint = self.listener()
        self.estate.environment["http_proxy"] = endpoint
        self.converge()
        self.assert_converged(web(0, 1, 2, 3, 4, 5))

    def test_init(self):
        listener, endpoint = self.listener()
        listener.close()
        self.estate.provider("two", endpoint=endpoint)
        result = self.estate.run("init", "--yes")
        self.assert_code(1, result)
        self.assertIn("two", result.out + result.err)


class TwoProviders(TestCase):
    def test_one_that_cannot_be_read_does_not_stop_the_other(self):
        other = self.start_simulator()
        self.estate.provider("two", endpoint=other.endpoint, timeout="2s")
        self.estate.machine_set("db", provider="two", count=2)
        self.converge()
        other.fault("list=500")
        self.estate.machine_set(count=6)
        self.estate.machine_set("db", count=3)

        result = self.estate.run("plan", "-o", "json")
        self.assert_code(1, result)
        plan = result.json()
        self.assertEqual(["web-5"], [action["name"] for action in plan["actions"]])
        self.assertEqual(1, plan["summary"]["unknown"])
        self.assertIn("?", self.estate.run("plan").out)

        self.assert_code(3, self.estate.apply())
        self.assert_names(web(0, 1, 2, 3, 4, 5))
        self.assertEqual(["db-0", "db-1"], other.names())
        other.clear_faults()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["db-0", "db-1", "db-2"], other.names())


if __name__ == "__main__":
    unittest.main()
