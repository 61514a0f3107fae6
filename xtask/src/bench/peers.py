"""The peers of the resolver on the same files: python-sat and flamapy. CPU milliseconds, averages over
the first selections, one JSON object.

Usage: peers.py DIMACS ORACLE UVL
"""

import json
import logging
import sys
import time

from pysat.examples.rc2 import RC2
from pysat.formula import CNF, WCNF
from pysat.solvers import Solver

SOLVER = "glucose4"
QUERIES = 5


def measured(work):
    start = time.process_time()
    result = work()
    return result, (time.process_time() - start) * 1e3


def load(path):
    cnf = CNF(from_file=path)
    solver = Solver(name=SOLVER, bootstrap_with=cnf)
    solver.solve()
    return cnf, solver


def conflict(cnf, selection):
    with Solver(name=SOLVER, bootstrap_with=cnf) as solver:
        solver.solve(assumptions=selection)
        core = list(solver.get_core())
        for literal in list(core):
            rest = [other for other in core if other != literal]
            if literal in core and not solver.solve(assumptions=rest):
                core = list(solver.get_core() or [])
        return core


def optimum(cnf, hard, soft):
    wcnf = WCNF()
    wcnf.extend(cnf.clauses)
    wcnf.extend([[literal] for literal in hard])
    for literal in soft:
        wcnf.append([literal], weight=1)
    with RC2(wcnf, solver=SOLVER) as rc2:
        rc2.compute()
        return rc2.cost


def uvl(path):
    from flamapy.metamodels.fm_metamodel.transformations import UVLReader
    from flamapy.metamodels.pysat_metamodel.transformations import FmToPysat

    model = FmToPysat(UVLReader(path).transform()).transform()
    solver = Solver(name=SOLVER, bootstrap_with=model.get_all_clauses())
    solver.solve()
    return solver


def main():
    dimacs, oracle_path, uvl_path = sys.argv[1:4]
    logging.disable(logging.CRITICAL)
    with open(oracle_path, encoding="utf-8") as file:
        queries = json.load(file)["queries"]
    (cnf, _), first = measured(lambda: load(dimacs))
    times = {"first": first, "explain": [], "fix": [], "fewest": []}
    good = [query for query in queries if query["satisfiable"]][:QUERIES]
    bad = [query for query in queries if not query["satisfiable"]][:QUERIES]
    for query in bad:
        selection = query["selection"]
        times["explain"].append(measured(lambda: conflict(cnf, selection))[1])
        cost, spent = measured(lambda: optimum(cnf, [], selection))
        assert cost == query["min_correction_size"], (cost, query)
        times["fix"].append(spent)
    for query in good:
        softs = [-variable for variable in range(1, cnf.nv + 1)]
        cost, spent = measured(lambda: optimum(cnf, query["selection"], softs))
        assert cost == query["min_true_vars"], (cost, query)
        times["fewest"].append(spent)
    for key in ("explain", "fix", "fewest"):
        times[key] = sum(times[key]) / max(len(times[key]), 1)
    times["uvl"] = measured(lambda: uvl(uvl_path))[1]
    print(json.dumps(times))


main()
