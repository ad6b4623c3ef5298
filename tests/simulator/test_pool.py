"""Memory that is given out again: never while anybody refers to it, and no more of it than is allowed."""

import threading

import numpy as np

from neurokit.hardware.simulator.pool import LINE, Pool

SIZE = 100_000
ROOM = SIZE + LINE


def test_the_same_memory_once_nobody_refers_to_it():
    pool = Pool(3 * ROOM)
    one = pool.take((100, 1000), np.uint8)
    place = one.ctypes.data
    assert place % LINE == 0
    view = one[50:, 3:][1:]
    del one
    other = pool.take((SIZE,), np.uint8)
    assert not np.shares_memory(other, view)
    del view
    again = pool.take((SIZE // 8,), np.int64)
    assert again.ctypes.data == place
    assert not np.shares_memory(other, again)


def test_the_smallest_that_is_large_enough_and_none_twice_as_large():
    pool = Pool(10 * ROOM)
    large, small = pool.take((3 * SIZE,), np.uint8), pool.take((SIZE,), np.uint8)
    places = large.ctypes.data, small.ctypes.data
    del large, small
    found = pool.take((SIZE,), np.uint8)
    assert found.ctypes.data == places[1]
    assert pool.take((2 * SIZE,), np.uint8).ctypes.data == places[0]
    assert pool.take((SIZE,), np.uint8).ctypes.data not in places


def test_no_more_is_kept_than_allowed():
    pool = Pool(3 * ROOM)
    taken = [pool.take((SIZE,), np.uint8) for _ in range(9)]
    for k, array in enumerate(taken):
        array[:] = k
    assert pool.size <= 3 * ROOM
    assert [int(array[0]) for array in taken] == list(range(9))  # forgotten, not taken away
    assert [int(array[-1]) for array in taken] == list(range(9))
    pool.take((9 * SIZE,), np.uint8)
    pool.take((10,), np.uint8)
    assert pool.size <= 3 * ROOM


def test_zeros():
    pool = Pool(3 * ROOM)
    pool.take((SIZE,), np.uint8)[:] = 9
    assert not pool.zeros((SIZE,), np.uint8).any()


def test_threads_never_get_the_same():
    pool = Pool(4 * ROOM)
    wrong = []

    def work(number):
        for _ in range(300):
            mine = pool.take((SIZE,), np.uint8)
            mine[::999] = number
            if (mine[::999] != number).any():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
