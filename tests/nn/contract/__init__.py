"""What every public layer and network must obey: the rows of the contract, and what a row is made of."""
