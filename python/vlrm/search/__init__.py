"""vlrm search: looks for the best recipe of a space, by Optuna over sweeps. docs/search.md says how to use it.

Only the command imports Optuna. A study is a folder that workers of several machines share:

    search.json          what it searches, which no later run may change
    study.log            Optuna's journal
    rounds/000.json      the plan of a round: its candidates, 000-0, 000-1, …, and what they are compared with
    recipes/000-0.yml    a candidate's recipe
    candidates/000-0     its results, on the first rows or all
    test/000-0, best.yml, report.json, search.html       what came out
"""
