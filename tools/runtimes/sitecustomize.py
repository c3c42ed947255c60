"""What CPython needs to know about this machine; `site` runs it before the program.

asyncio's event loop wakes itself up from other threads through a socket pair. WASI preview 1 has neither threads nor socket
pairs, so there is nobody to wake it: without the pair, asyncio.run, sleep, gather, timeouts and task groups work.
"""
import sys


class _Finder:
    """Lets asyncio.selector_events load as ever, then takes the socket pair out of it."""

    name = 'asyncio.selector_events'

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module):
                load(module)
                _without_pair(module.BaseSelectorEventLoop)

            spec.loader.exec_module = exec_module
        return spec


def _without_pair(loop):
    def make(self):
        self._ssock = self._csock = None

    loop._make_self_pipe = make
    loop._close_self_pipe = make


sys.meta_path.insert(0, _Finder())
