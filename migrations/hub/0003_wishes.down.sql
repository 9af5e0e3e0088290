DROP TABLE stages, rollbacks, policies, flags, budgets;
