"""The building: configuration, kit, gateways and one module for each noun of the street."""
